"""What the pages say of their own accord, to people."""

TEXTS = {
    "send": "Send",
    "sent": "Thank you. We have received what you sent.",
    "later": "It could not be sent just now. It is kept on this device and will be sent as soon as "
    "possible.",
    "wrong": "Something is missing or wrong. Please check what you entered.",
    "closed": "This form is closed.",
    "optional": "optional",
    "only_if": "Only if “{label}” is “{answer}”.",
    "only_if_ticked": "Only if “{label}” is ticked.",
    "only_if_not_ticked": "Only if “{label}” is not ticked.",
    "choose": "Please choose",
    "leave_empty": "Please leave this empty",
    "error": "Error",
    "back": "Back to the form",
}
