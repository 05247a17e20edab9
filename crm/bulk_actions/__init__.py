"""One change to many customers at once: a selection or a whole filter, with a preview, a worker that does it, and a way back."""
