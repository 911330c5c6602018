"""What the API says, as types: money in minor units with its currency, moments in UTC."""
