"""The tests; they mirror nbchat/. `python3 -m tests` sets up what they need and runs every tier."""
