"""Images: labelled sets of them, and the way from a file to what a network is fed."""
