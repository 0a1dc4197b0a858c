"""Canonical construction: each operator is built in one form, whatever words the framework had for it.

Readers call these functions in the order their model computes; every call simplifies on the spot, looking
only at the nodes it is given. What a simplification made superfluous falls away at the end.
"""
