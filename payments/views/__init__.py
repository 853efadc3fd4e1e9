"""The pages of money received, one file per screen."""
