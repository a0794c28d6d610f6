"""Who may decide what, and whether it is decided. Pure: values in, a decision out."""
