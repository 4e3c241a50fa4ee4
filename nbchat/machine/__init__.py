"""What this machine is: directories, file systems, processes. Knows nothing of chats; what keeps something here stands on it."""
