"""What a browser gets: the hosted page of a form, and the script that puts it on other pages."""
