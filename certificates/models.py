"""Tables of the certificates room."""
