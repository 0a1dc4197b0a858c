"""From records to ranked discrepancies."""
