"""The zoos: one file each, found by name through :mod:`zoodata.zoos.registry`."""
