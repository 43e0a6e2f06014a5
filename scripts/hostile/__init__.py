"""Packages that a reader must refuse: one small file for each line of the contract. Used by scripts/make_hostile.py."""
