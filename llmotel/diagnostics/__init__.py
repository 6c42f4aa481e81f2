"""What llmotel says about itself: status, doctor, self-test."""
