"""What starts processes of its own: commands, workers that are killed, tools that check what is shipped."""
