"""Money that an organisation pays ahead into its prepaid balance."""
