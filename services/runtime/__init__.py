"""What every service shares, and no more: settings, topology, metrics, health, logging, the recommender's client."""
