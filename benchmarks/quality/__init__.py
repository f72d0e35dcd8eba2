"""How well models are chosen: routing data of others, baselines on the same folds, and what taskroute makes of it."""
