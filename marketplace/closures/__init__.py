"""What an operator closes for a while: buying, one function of the service, or new orders of one registry."""
