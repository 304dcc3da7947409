"""What all three training loops share."""
