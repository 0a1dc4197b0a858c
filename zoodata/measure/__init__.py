"""Measuring: one file per kind of measurement, and the process in which a model runs."""
