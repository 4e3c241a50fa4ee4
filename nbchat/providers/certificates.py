"""Certificates: what a server's certificate, or the reason for which it was refused, means to a person. Pure."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any

from nbchat.core.findings import Finding
from nbchat.providers.authorities import refusal
from nbchat.providers.errors import excerpt

__all__ = ["EXPIRED", "NOT_YET", "certificate_finding", "refused_certificate"]

NOT_YET, EXPIRED = 9, 10
"""X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED (OpenSSL, x509_vfy.h)."""
_SOON_DAYS = 14
_DAY = 86_400
_CLOCK_SECONDS = 3_600


def certificate_finding(certificate: Mapping[str, Any], version: str, now: float) -> Finding:
    """Return the finding of a certificate that is trusted: who issued it and for how long it holds (`now`: epoch seconds)."""
    issuer = {name: value for entry in certificate.get("issuer", ()) for name, value in entry}
    by = excerpt(str(issuer.get("organizationName") or issuer.get("commonName") or "an unnamed authority"), (), 80)
    days = int((ssl.cert_time_to_seconds(str(certificate["notAfter"])) - now) // _DAY) if "notAfter" in certificate else None
    lasts = "" if days is None else f", valid for {days} day{'s' * (days != 1)} more"
    text = f"{version}, certificate by {by}{lasts}"
    if days is not None and days < _SOON_DAYS:
        return Finding("note", "tls", text, "It expires soon: whoever runs the server has to renew it.")
    return Finding("ok", "tls", text)


def refused_certificate(error: ssl.SSLCertVerificationError, host: str, ahead: float) -> Finding:
    """Return the finding of a certificate that is not trusted. `ahead` is how far the server's clock is ahead of ours."""
    why, hint = refusal(error) or ("its certificate is refused", "")
    if error.verify_code in (NOT_YET, EXPIRED) and abs(ahead) > _CLOCK_SECONDS:
        text = f"{host}: {why} by this machine's clock, which is {_span(ahead)} of the server's"
        return Finding("wrong", "tls", text, "Set the clock of this machine right (and have NTP keep it right).")
    return Finding("wrong", "tls", f"{host}: {excerpt(why, (), 160)}", hint)


def _span(ahead: float) -> str:
    days, hours = divmod(int(abs(ahead)), _DAY)
    amount = f"{days} days" if days > 1 else f"{int(abs(ahead)) // 3600} hours" if hours or days else "0 hours"
    return f"{amount} {'behind' if ahead > 0 else 'ahead'}"
