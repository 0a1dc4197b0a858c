"""What differs between two networks: alignment, typed differences, findings in words, proof by transplant."""
