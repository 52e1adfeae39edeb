"""Sentences for people: each is an id with parameters, and is put into words by the catalogue of a language."""
