"""The GitHub connector: cloud and Enterprise, GraphQL and REST."""
