"""The gRPC edge: validates, publishes to the log, and awaits the answer by request id until the deadline. Stateless."""
