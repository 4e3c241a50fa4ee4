"""A real OpenAI-compatible HTTP/1.1 server on loopback, in a daemon thread: what `nbchat.demo` and `nbchat.testing` share.

A leaf: standard library only, imports no other room. Must not know who asks; the same bytes go to every client.
"""
