"""nbchat: talk to language models from inside a notebook."""
