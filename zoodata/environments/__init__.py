"""Environments of zoos and releases that are not among the installed packages: a folder each, put before the
installed packages in the worker that reads them. Lock files say what is in one."""
