"""What of prompts and answers is recorded: the policy, redaction, truncation, and where it is sent."""
