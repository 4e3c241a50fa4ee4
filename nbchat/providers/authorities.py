"""Whose certificates are believed: the usual authorities, or those of a file; and what a refused certificate means.

Owns TLS contexts. Each of them checks the certificate and the host's name: there is no way to switch that off. Must not know
httpx before the first context of the usual authorities is made.
"""

from __future__ import annotations

import os
import ssl
import threading

from nbchat.core.errors import ConfigError

__all__ = ["check_ca_bundle", "refusal", "ssl_context"]

_lock = threading.Lock()
_usual: list[ssl.SSLContext] = []
_own: dict[str, tuple[int, ssl.SSLContext]] = {}

_TRUST = (
    'If you trust it, give its authority: nbchat.add_provider(..., ca_bundle="/path/to/ca.pem"), or set SSL_CERT_FILE before '
    "Jupyter starts. In a company's network it is mostly the company's own authority."
)
_REFUSALS: dict[int, tuple[str, str]] = {
    9: ("is not valid yet", "Check this machine's clock; else the server's owner must replace it."),
    10: ("has expired", "The server's owner must renew it; check this machine's clock, too."),
    18: ("is self-signed: nobody vouches for it", _TRUST),
    19: ("is from an authority that is not known here", _TRUST),
    20: ("is from an authority that is not known here", _TRUST),
    21: ("is from an authority that is not known here", _TRUST),
    62: ("is for another host", "Use the host's name for which the certificate is made in the base URL."),
    64: ("is for another host", "Use the host's name for which the certificate is made in the base URL."),
}
"""What OpenSSL's verify codes (x509_vfy.h) mean, and what to do."""


_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE"})
"""OpenSSL's reasons when a server answers in plain text; which one depends on its version."""


def ssl_context(ca_bundle: str = "") -> ssl.SSLContext:
    """Return the process's TLS context for these authorities; made once (60 to 80 ms: call it on a thread), and again when
    the file has changed. Without a bundle the usual ones: SSL_CERT_FILE or SSL_CERT_DIR, else certifi's.

    Raises ConfigError for a file that cannot be used.
    """
    with _lock:
        if not ca_bundle:
            if not _usual:
                _usual.append(_made_of_the_usual())
            return _usual[0]
        changed = _changed(ca_bundle)
        held = _own.get(ca_bundle)
        if held is None or held[0] != changed:
            held = _own[ca_bundle] = changed, _made_of(ca_bundle)
        return held[1]


def check_ca_bundle(path: str) -> None:
    """Raise ConfigError, with what to do, for a file from which no authority can be read."""
    _changed(path)
    _made_of(path)


def _changed(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except OSError as error:
        cause = error.strerror or type(error).__name__
    raise ConfigError(f"The CA bundle {path} cannot be read ({cause}).", hint="Give the path of a PEM file as ca_bundle=...")


def _made_of(path: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=path)
    except OSError as error:  # ssl.SSLError is one
        cause = "it holds no certificate" if isinstance(error, ssl.SSLError) else error.strerror or type(error).__name__
    raise ConfigError(
        f"The CA bundle {path} cannot be used ({cause}).",
        hint="It must be a PEM file: one or more certificates, each between BEGIN CERTIFICATE and END CERTIFICATE.",
    )


def _made_of_the_usual() -> ssl.SSLContext:
    import httpx

    try:
        return httpx.create_ssl_context()
    except OSError as error:
        cause = error.strerror or type(error).__name__
    place = os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR") or "certifi's"
    raise ConfigError(
        f"The certificate authorities ({place}) cannot be read ({cause}).",
        hint="Let SSL_CERT_FILE name a PEM file, or unset it, and restart the kernel.",
    )


def refusal(error: ssl.SSLError) -> tuple[str, str] | None:
    """Return what is wrong with a server's side of TLS ("its certificate has expired"), and what to do; None where trying again
    may help."""
    if isinstance(error, ssl.SSLCertVerificationError):
        what, hint = _REFUSALS.get(error.verify_code) or (f"is refused ({error.verify_message})", _TRUST)
        return f"its certificate {what}", hint
    if error.reason in _NO_TLS:
        return "it does not speak TLS", "Is its address one with http:// or another port?"
    return None
