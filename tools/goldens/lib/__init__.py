"""Building blocks of the golden-value generator that do not depend on a particular loss."""
