"""What the pages say of their own accord, to people."""

TEXTS = {
    "send": "Send",
    "sent": "Thank you. We have received what you sent.",
    "thanks": "Thank you",
    "not_stored": "What you sent could not be stored just now. Please go back and send it again.",
    "later": "It could not be sent just now. It is kept on this device and will be sent as soon as "
    "possible.",
    "wrong": "Something is missing or wrong. Please check what you entered.",
    "closed": "This form is closed.",
    "optional": "optional",
    "required": "required",
    "only_if": "Only if “{label}” is “{answer}”.",
    "only_if_ticked": "Only if “{label}” is ticked.",
    "only_if_not_ticked": "Only if “{label}” is not ticked.",
    "choose": "Please choose",
    "leave_empty": "Please leave this empty",
    "error": "Error",
    "back": "Back to the form",
    "confirm": "Confirm",
    "confirm_hint": "The button below confirms your e-mail address.",
    "confirmed": "Thank you. Your e-mail address is confirmed.",
    "no_link": "This link does not work",
    "no_link_hint": "It is incomplete or too old. Whoever has confirmed already has nothing more "
    "to do.",
    "not_found": "There is no form here",
    "check_address": "Please check the address.",
    "unavailable": "Not available just now",
    "try_again": "Please try again in a few seconds.",
}
