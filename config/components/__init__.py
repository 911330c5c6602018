"""The parts that pages are made of: what each template component is given."""
