"""Segue's library: what the system knows about tracks, sessions and recommendations.

Knows nothing about Kafka, gRPC servers or Triton; only `model/` and `training/` need torch, only `client/` needs grpc.
"""
