"""Our own prompts for the built-in classifier: phrasings of each task, things to fill them with, and material to go with them."""
