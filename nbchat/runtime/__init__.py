"""Threads and loops: the background loop, people's callbacks, the system's clock. Knows nothing of chats."""
