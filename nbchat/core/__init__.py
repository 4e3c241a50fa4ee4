"""The bottom room: values and rules, pure. Knows no I/O, no clock, no other room."""
