"""Building blocks of the golden-value generator; nothing here knows a particular loss."""
