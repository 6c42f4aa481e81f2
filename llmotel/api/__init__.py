"""What applications call besides init(): agents, tools, scores, business value, circuit breakers."""
