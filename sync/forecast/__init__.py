"""Will the date hold: the model, its inputs, its scores."""
