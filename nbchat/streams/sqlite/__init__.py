"""Jobs and logs in one SQLite file that all kernels of a machine share. The file holds nothing that the conversation store does
not have: it may be deleted at any time, and one that cannot be read is put aside."""
