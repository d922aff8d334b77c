"""The sketch generator and its latent space; knows no window and no command line."""
