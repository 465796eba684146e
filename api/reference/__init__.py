"""The API's documentation for people, made from the same declarations as the OpenAPI document."""
