"""From a URL to events: presets, keys, the SSE decoder, the chat-completions dialect, HTTP, model listings and prices.

Knows core and the ports of sessions; no storage, no streams, no widget. Importing it loads neither httpx nor msgspec.
"""
