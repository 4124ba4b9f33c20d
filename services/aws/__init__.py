"""What is only there where AWS's services are, or something that speaks as they do."""
