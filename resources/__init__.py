"""What ships with the program: checkpoints with their maps, icons, style."""
