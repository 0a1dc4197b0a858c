"""zoodata: the discrepancies between pre-trained model zoos, measured, explained and published."""

__version__ = "0.1.0"
