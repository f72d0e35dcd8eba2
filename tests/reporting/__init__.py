"""Reports on calls: what is added up, out of which lines, and how it is shown."""
