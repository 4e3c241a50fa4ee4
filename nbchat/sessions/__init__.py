"""One conversation's live side. Knows core and the ports it defines; no HTTP, no SQL, no widget."""
