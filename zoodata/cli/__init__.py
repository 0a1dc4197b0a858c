"""The command line: one file a command, each a thin click shell over a plain ``run`` function."""
