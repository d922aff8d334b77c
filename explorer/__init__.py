"""The window: see and play with the latent space of a sketch generator."""
