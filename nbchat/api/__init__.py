"""The facade that people hold: sessions, turns, tables. Blocking and async forms of what happens on the background loop.

Knows the app (the composition root) and nothing below it by import except values; every call posts to the background loop.
"""
