"""Jupyter's edge: the wire, the hub, widgets and magics. Knows the rooms below it; never nbchat.app or nbchat.api."""
