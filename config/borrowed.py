"""Django's own sentences that our Dutch says in our voice (je, never u). Read by config.catalogue."""

PASSWORDS = [
    "Your password was changed.",
    "Your old password was entered incorrectly. Please enter it again.",
    "Your password can’t be too similar to your other personal information.",
    "Your password can’t be a commonly used password.",
    "Your password can’t be entirely numeric.",
    (
        "Your password must contain at least %(min_length)d character.",
        "Your password must contain at least %(min_length)d characters.",
    ),
    (
        "This password is too short. It must contain at least %(min_length)d character.",
        "This password is too short. It must contain at least %(min_length)d characters.",
    ),
    "The password is too similar to the %(verbose_name)s.",
    "This password is too common.",
    "This password is entirely numeric.",
]
FORMS = [
    "This field is required.",
    "Enter a valid email address.",
    "Enter a valid URL.",
    "Enter a whole number.",
    "Enter a number.",
    "Enter a valid date.",
    "Enter a valid value.",
    "Select a valid choice. %(value)s is not one of the available choices.",
    "Select a valid choice. That choice is not one of the available choices.",
    "Ensure this value is less than or equal to %(limit_value)s.",
    "Ensure this value is greater than or equal to %(limit_value)s.",
    "No file was submitted. Check the encoding type on the form.",
    "The submitted file is empty.",
]
ADMIN = [
    "Are you sure?",
    "You may edit it again below.",
    "The {name} “{obj}” was added successfully. You may add another {name} below.",
    "The {name} “{obj}” was changed successfully. You may edit it again below.",
    "The {name} “{obj}” was changed successfully. You may add another {name} below.",
    "You don’t have permission to view or edit anything.",
]
SENTENCES = [*PASSWORDS, *FORMS, *ADMIN]
