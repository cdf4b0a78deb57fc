"""What a curator runs over the tables, the references and the notebooks: check, mend, refresh."""
