"""Sweeps: what is to be measured, what of it is done already, and the running of the rest."""
